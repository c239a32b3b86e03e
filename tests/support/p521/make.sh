#!/bin/sh
# Makes the files of this directory: an authority with a key on P-521, and certificates of a server on this machine that it
# signed with each of three hashes. They are valid for a hundred years.
set -e
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n' >"$work/extensions"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:secp521r1 -nodes -keyout "$work/ca.key" -out ca.pem \
    -days 36500 -subj '/CN=test authority on P-521'
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out "$work/request" -subj '/CN=test'
for hash in sha256 sha384 sha512; do
    openssl x509 -req -in "$work/request" -CA ca.pem -CAkey "$work/ca.key" -CAcreateserial -CAserial "$work/serial" \
        "-$hash" -days 36500 -extfile "$work/extensions" -out "$hash.pem"
done
