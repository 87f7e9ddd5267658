# colorgan-batch in a container, from the project's root:
#   docker build -f docs/cluster/Dockerfile -t colorgan .
#   docker build -f docs/cluster/Dockerfile -t colorgan:cuda --build-arg EXTRAS='[cuda]' .
# CUDA and cuDNN come with the extra; the host needs NVIDIA's driver and container toolkit alone.
FROM python:3.12-slim
ARG EXTRAS=""
COPY . /src
RUN pip install --no-cache-dir "/src${EXTRAS}" && rm -r /src
# Results belong to whoever runs it: docker run --user "$(id -u):$(id -g)" -v /archive:/archive colorgan ...
USER 1000:1000
ENTRYPOINT ["colorgan-batch"]
