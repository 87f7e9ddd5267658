# docker build -t colorgan .
# docker build -t colorgan:cuda --build-arg EXTRAS='[cuda]' .    (the host needs NVIDIA's driver and container toolkit)
# docker run --rm --user "$(id -u):$(id -g)" -v /archive:/archive colorgan /archive/scans /archive/results
# docker build -t colorgan-serve --target serve .                (docs/serve.md)
FROM python:3.12-slim AS common
# Any --user can write its caches here, in /etc/passwd or not.
ENV HOME=/home/colorgan USER=colorgan
RUN mkdir -m 1777 /home/colorgan
# onnxruntime sends usage events to its maker otherwise.
ENV ORT_DISABLE_TELEMETRY=1
COPY . /src

FROM common AS serve
ARG EXTRAS="[serve]"
RUN pip install --no-cache-dir "/src${EXTRAS}" && rm -r /src
USER 1000:1000
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://localhost:8000/health')"]
ENTRYPOINT ["colorgan", "serve", "--host", "0.0.0.0"]
CMD ["--allow-host", "localhost"]

FROM common AS batch
ARG EXTRAS=""
RUN pip install --no-cache-dir "/src${EXTRAS}" && rm -r /src
USER 1000:1000
ENTRYPOINT ["colorgan-batch"]
