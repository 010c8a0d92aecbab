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
  var welcome = [
    "# Sign in by running the mutation signIn here: its session is kept in a cookie of this browser.",
    "# Or paste a session or access token above. Ctrl-Enter runs the operation at the cursor,",
    "# Ctrl-Space completes, and the book on the left is the documentation.",
    "",
    "{",
    "  viewer { person { fullName email } accounts { nodes { id name } } }",
    "}",
    "",
  ].join("\n");

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
      defaultQuery: welcome,
      isHeadersEditorEnabled: true,
      defaultEditorToolsVisibility: true,
    }));
    state.textContent = headers.authorization ? "the token is sent" : "no token: the session cookie counts, if there is one";
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    sessionStorage.setItem("lychgate-token", input.value.trim());
    input.value = "";
    start();
  });
  start();
})();
