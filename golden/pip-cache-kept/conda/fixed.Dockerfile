FROM continuumio/miniconda3:23.5.2-0

COPY environment.yml /tmp/environment.yml
RUN conda env create -f /tmp/environment.yml \
    && conda clean --all --yes \
    && rm /tmp/environment.yml

# Two channels
RUN conda install -y -c conda-forge \
    gdal \
    rasterio \
    && conda clean --all --yes
RUN conda install -y numpy && conda clean --all -y
