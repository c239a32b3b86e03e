"""moto's AWS APIs on loopback, with the two things that the end-to-end run needs on top.

- moto dates its registry tokens 2015. A real token lives for twelve hours, and without that no client would ever see a
  cached answer, so the date is moved there.
- Each call of `GetAuthorizationToken` adds a line `REGION` to a file, so that calls can be counted.

Usage: moto_ecr.py PORT CALLS_FILE. moto has no ECR Public.
"""

import datetime
import sys

from moto.ecr.responses import ECRResponse
from moto.server import main

port, calls = sys.argv[1:]
original = ECRResponse.get_authorization_token


def get_authorization_token(self):
    answer = original(self)
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=12)
    for token in answer.result["authorizationData"]:
        token["expiresAt"] = expires
    with open(calls, "a", encoding="ascii") as file:
        file.write(f"{self.region}\n")
    return answer


ECRResponse.get_authorization_token = get_authorization_token
main(["--host", "127.0.0.1", "--port", port])
