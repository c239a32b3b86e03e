#!/bin/sh
# Makes the files of this directory: authorities with keys on three curves, and certificates of a server on this machine that
# they signed with a hash, all with one key. They are valid for a hundred years.
set -e
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n' >"$work/extensions"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out "$work/request" -subj '/CN=test'
for row in p256:prime256v1:sha512 p384:secp384r1:sha512 p521:secp521r1:sha256 p521:secp521r1:sha384 p521:secp521r1:sha512; do
    curve=${row%%:*} hash=${row##*:} name=${row#*:}
    if ! test -e "$work/$curve.key"; then
        openssl req -x509 -newkey ec -pkeyopt "ec_paramgen_curve:${name%:*}" -nodes -keyout "$work/$curve.key" \
            -out "$curve.pem" -days 36500 -subj "/CN=test authority on $curve"
    fi
    openssl x509 -req -in "$work/request" -CA "$curve.pem" -CAkey "$work/$curve.key" -CAcreateserial \
        -CAserial "$work/serial" "-$hash" -days 36500 -extfile "$work/extensions" -out "$curve-$hash.pem"
done
