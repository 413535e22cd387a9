#!/bin/sh
exec kubectl-agreement __complete "$@"
