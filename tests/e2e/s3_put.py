"""A second S3 client, so that ours is not judged by itself: puts NAME=TEXT, or gets a name, with SigV4 by hand.

usage: s3_put.py ENDPOINT BUCKET NAME=TEXT… | --get NAME
"""

import datetime
import hashlib
import hmac
import sys
import urllib.parse
import urllib.request

ACCESS, SECRET, REGION = "test:tester", "testing", "us-east-1"


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def ask(endpoint, method, path, body=b""):
    host = endpoint.split("//")[1]
    at = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    digest = hashlib.sha256(body).hexdigest()
    path = urllib.parse.quote(path)
    headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = ";".join(headers)
    canonical = "\n".join([method, path, "", *(f"{k}:{v}" for k, v in headers.items()), "", names, digest])
    scope = f"{day}/{REGION}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + SECRET).encode()
    for part in (day, REGION, "s3", "aws4_request"):
        key = sign(key, part)
    headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={ACCESS}/{scope}, SignedHeaders={names}, "
                                f"Signature={hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}")
    del headers["host"]
    request = urllib.request.Request(endpoint + path, data=body if method == "PUT" else None, method=method,
                                     headers=headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return answer.read()


def main():
    endpoint, bucket, *words = sys.argv[1:]
    if words[0] == "--get":
        sys.stdout.buffer.write(ask(endpoint, "GET", f"/{bucket}/{words[1]}"))
        return
    ask(endpoint, "PUT", f"/{bucket}")
    for word in words:
        name, _, text = word.partition("=")
        ask(endpoint, "PUT", f"/{bucket}/{name}", text.encode())


if __name__ == "__main__":
    main()
