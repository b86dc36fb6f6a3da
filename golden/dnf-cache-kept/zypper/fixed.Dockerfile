FROM opensuse/leap:15.5
RUN zypper --non-interactive install curl && zypper clean --all
RUN zypper -n in --no-recommends \
    git \
    make \
    && zypper clean --all
RUN zypper --non-interactive refresh && zypper --non-interactive install -y jq && zypper clean
