#!/bin/sh
set -eu
git push --force-with-lease origin main
kubectl apply -f k8s/
