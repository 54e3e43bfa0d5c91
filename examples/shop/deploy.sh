#!/bin/sh
set -e
git push --force origin main
git clean -fdx
kubectl apply -f k8s/
