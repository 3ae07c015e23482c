// The port of AWS in functions of Node, as sitecustomize.py has it for Python.
"use strict";

const net = require("net");

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...given) {
  const normalized = Array.isArray(given[0]) ? given[0] : net._normalizeArgs(given);
  const options = normalized[0];
  const isAws = LOOPBACK.includes(options.host) && Number(options.port) === 443;
  if (isAws && process.env.AWS_ENDPOINT_URL) {
    const { port } = new URL(process.env.AWS_ENDPOINT_URL);
    if (port) options.port = Number(port);
  }
  return connect.call(this, normalized);
};
