FROM fedora:40
RUN dnf install -y shadow-utils \
    && if ! id app; then \
        useradd -l \
            -rmu 6000001 \
            -s /sbin/nologin \
            app; \
    fi
RUN /usr/sbin/useradd -l -u65532 nonroot; sudo useradd -l --uid=70000 -M ci
