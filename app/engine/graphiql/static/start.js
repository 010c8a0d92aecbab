// Starts GraphiQL on this server's endpoint. The token goes with requests and with connection_init, and is
// kept for this tab only.
(function () {
  "use strict";
  var form = document.getElementById("session");
  var input = document.getElementById("token");
  var state = document.getElementById("state");
  var root = ReactDOM.createRoot(document.getElementById("graphiql"));
  var url = form.dataset.endpoint;
  var socketUrl = (location.protocol === "https:" ? "wss://" : "ws://") + location.host + url;
  var socket = null;

  function authorization() {
    var token = sessionStorage.getItem("lychgate-token") || "";
    return token ? { authorization: "Bearer " + token.replace(/^Bearer\s+/i, "") } : {};
  }

  function start() {
    if (socket) { socket.dispose(); }
    socket = graphqlWs.createClient({ url: socketUrl, lazy: true, connectionParams: authorization });
    var headers = Object.assign({ "GraphQL-Preflight": "1" }, authorization());
    var fetcher = GraphiQL.createFetcher({ url: url, wsClient: socket, headers: headers });
    root.render(React.createElement(GraphiQL, {
      key: headers.authorization || "nobody",
      fetcher: fetcher,
      isHeadersEditorEnabled: true,
      defaultEditorToolsVisibility: true,
    }));
    state.textContent = headers.authorization ? "signed in by token" : "no token";
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    sessionStorage.setItem("lychgate-token", input.value.trim());
    input.value = "";
    start();
  });
  start();
})();
