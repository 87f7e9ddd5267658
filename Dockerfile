# docker build -t colorgan .
# docker build -t colorgan:cuda --build-arg EXTRAS='[cuda]' .    (the host needs NVIDIA's driver and container toolkit)
# docker run --rm --user "$(id -u):$(id -g)" -v /archive:/archive colorgan /archive/scans /archive/results
FROM python:3.12-slim
ARG EXTRAS=""
COPY . /src
RUN pip install --no-cache-dir "/src${EXTRAS}" && rm -r /src
# Any --user can write its caches here, in /etc/passwd or not.
ENV HOME=/home/colorgan USER=colorgan
RUN mkdir -m 1777 /home/colorgan
# onnxruntime sends usage events to its maker otherwise.
ENV ORT_DISABLE_TELEMETRY=1
USER 1000:1000
ENTRYPOINT ["colorgan-batch"]
