"""moto's S3 server on a free port of loopback, with faults to order.

`python tests/s3_server.py PORT_FILE [SECONDS]`: it answers after so many seconds.

PUT /-/faults with JSON [[method, end of the path, status, times], ...] makes that many such requests fail.
GET /-/requests gives all requests since the faults were last set, as [method, path, query].
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

REASONS = {403: "AccessDenied", 500: "InternalError", 503: "SlowDown"}


class Faulty:
    """A WSGI application around another one."""

    def __init__(self, application: Any, delay: float) -> None:
        self.application, self.delay = application, delay
        self.faults: list[list[Any]] = []
        self.requests: list[list[str]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        if request.path == "/-/faults":
            self.faults, self.requests = json.loads(request.get_data()), []
            return Response("")(environ, start_response)
        if request.path == "/-/requests":
            return Response(json.dumps(self.requests))(environ, start_response)
        time.sleep(self.delay)
        self.requests.append([request.method, request.path, request.query_string.decode()])
        for fault in self.faults:
            method, end, status, times = fault
            if request.method == method and request.path.endswith(end) and times > 0:
                fault[3] -= 1
                body = f"<Error><Code>{REASONS[status]}</Code><Message>as ordered</Message></Error>"
                return Response(body, status, mimetype="application/xml")(environ, start_response)
        return self.application(environ, start_response)


if __name__ == "__main__":
    s3 = DomainDispatcherApplication(create_backend_app)
    faulty = Faulty(s3, delay=float(sys.argv[2]) if sys.argv[2:] else 0)
    server = make_server("127.0.0.1", 0, faulty, threaded=True)
    port_file = Path(sys.argv[1])
    port_file.with_suffix(".new").write_text(str(server.port))
    port_file.with_suffix(".new").rename(port_file)
    server.serve_forever()
