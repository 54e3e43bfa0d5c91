"""Settings of the shop."""

import jwt

DATABASE_URL = "postgres://shop:hunter2-prod-2024@db.internal:5432/shop"
SESSION_SECRET = "k3J9vQx7LmZp2Rt8WyBn5Hc1"


def user_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def admin_of(token):
    return jwt.decode(token, SESSION_SECRET, algorithms=["HS256", "none"])
