"""Regions of AWS clients in functions of Node.js."""

from rehearsal.ministack.registry import patch_value

_SIGNED = (
    'const region = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || "us-east-1";\n'
    "    const amzDate"
)
_CLIENT = "      constructor(_cfg) {}\n      send(cmd) { return cmd._run(); }\n    }\n\n    // Bare"
_BARE = """      construct(_target, _args) {
        return new Proxy({}, {
          get(_, prop) {
            if (typeof prop !== "string") return undefined;
            const opName = prop[0].toUpperCase() + prop.slice(1);
            return (params) => _jsonRpcRequest(targetPrefix, opName, params, service);"""
_REPLACED = (
    # Requests are signed synchronously, so the region is that of the client that sends.
    (_SIGNED, _SIGNED.replace("process.env.AWS_REGION", "_clientRegion || process.env.AWS_REGION")),
    (
        "  function _signedHeaders(",
        "  let _clientRegion;\n"
        "  function _inRegionOf(cfg, run) {\n"
        "    _clientRegion = cfg && typeof cfg.region === 'string' ? cfg.region : undefined;\n"
        "    try { return run(); } finally { _clientRegion = undefined; }\n"
        "  }\n"
        "  function _signedHeaders(",
    ),
    (
        _CLIENT,
        _CLIENT.replace("constructor(_cfg) {}", "constructor(_cfg) { this._cfg = _cfg; }").replace(
            "return cmd._run();", "return _inRegionOf(this._cfg, () => cmd._run());"
        ),
    ),
    (
        _BARE,
        _BARE.replace(
            "=> _jsonRpcRequest(targetPrefix, opName, params, service);",
            "=> _inRegionOf(_args[0], () =>\n"
            "              _jsonRpcRequest(targetPrefix, opName, params, service));",
        ),
    ),
)


@patch_value(
    "ministack.core.lambda_runtime:_NODEJS_WORKER_SCRIPT",
    why="A client of Node.js with another region than its function calls that of the function.",
    until="ministack's clients for Node.js use the region of their configuration.",
)
def node_worker_script(previous: str) -> str:
    script = previous
    for found, replacement in _REPLACED:
        if script.count(found) != 1:
            raise ValueError(f"ministack's script for Node.js has changed: {found[:60]!r}")
        script = script.replace(found, replacement)
    return script
