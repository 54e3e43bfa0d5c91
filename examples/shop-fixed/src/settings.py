"""Settings of the shop."""

import os

import jwt

DATABASE_URL = os.environ["DATABASE_URL"]
PUBLIC_KEY = os.environ["SESSION_PUBLIC_KEY"]


def user_of(token):
    return jwt.decode(
        token,
        PUBLIC_KEY,
        algorithms=["EdDSA"],
        audience="shop",
        options={"require": ["exp", "iat", "sub"]},
    )
