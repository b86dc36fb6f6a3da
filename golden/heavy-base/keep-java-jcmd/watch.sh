#!/bin/sh
java -jar /api.jar &
jcmd 1 VM.flags
wait
