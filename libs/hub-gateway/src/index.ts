export * from './connection-string';
export * from './hub-gateway';
export * from './iot-hub-gateway';
export * from './localhost-lookup';
