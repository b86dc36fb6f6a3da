#!/bin/sh
trap 'kill "$!"' TERM
vsftpd /etc/vsftpd.conf
