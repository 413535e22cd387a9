# syntax=docker/dockerfile:1

# Alpine's own target is musl and links statically, jemalloc included, so the result needs nothing but a kernel. Built on the
# architecture that it is for: no cross-compiler, and no emulation when the builder is of that architecture.
FROM rust:1.95.0-alpine3.23 AS build
ARG TARGETARCH
RUN apk add --no-cache build-base
WORKDIR /src
COPY . .
# Caches of downloaded crates and of what was compiled, one for each architecture. jemalloc takes the page size of the machine
# that builds it for that of the machine that runs it; arm64 kernels have pages of up to 64 KiB.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,id=target-$TARGETARCH,sharing=locked \
    if [ "$TARGETARCH" = arm64 ]; then export JEMALLOC_SYS_WITH_LG_PAGE=16; fi; \
    cargo build --release --locked --package countersign --bin countersign \
    && install -D target/release/countersign /out/countersign

FROM gcr.io/distroless/static-debian13:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="countersign" \
      org.opencontainers.image.description="A Kubernetes operator that obtains customer agreements" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /out/countersign /countersign
# By number, so that a kubelet can tell that it is not root.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/countersign"]
CMD ["run"]
