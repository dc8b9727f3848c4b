# Any image of Go 1.26 will do. One without git, such as golang:1.26-alpine,
# can't note the commit.
ARG GO_IMAGE=golang:1.26

FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
# The commit is noted by the Go command itself, from .git.
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /image/redroom ./cmd/redroom
# A new volume takes its owner and mode from the image's directory. COPY keeps
# the mode of what is in a directory, not of the directory itself.
RUN mkdir -p -m 0700 /image/volume/data

# Nothing but the server, and the CA certificates by which it trusts the company's
# own sign-in, the one place that it dials out to. It needs no time zones, since all
# its times are UTC and the browser shows them as local; no /tmp, since SQLite is told
# to keep temporary data in memory.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /image/redroom /redroom
COPY --from=build --chown=65532:65532 /image/volume/ /
USER 65532:65532
ENV REDROOM_ADDR=:4433 \
    REDROOM_HTTP=0.0.0.0:8080 \
    REDROOM_HTTP_PUBLISHED=true \
    REDROOM_DATA=/data
VOLUME /data
EXPOSE 4433/tcp 4433/udp 8080/tcp
# The binary asks itself, at REDROOM_HTTP: there is no shell and no curl here.
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s CMD ["/redroom", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/redroom"]
CMD ["serve"]
