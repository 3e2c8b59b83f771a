// The policy.yaml of a first run: agents may read and write inside workspace/ and search the web; everything else is asked
// for or denied. Its comments teach the file's grammar.

export const FIRST_POLICY = `# What GoClaw may do. Everything that is not named here is denied: the agent is told why, and the audit log has it.
# A daemon that runs takes changes over at once; a file with an error changes nothing but what \`goclaw status\` says.
#   goclaw policy check                                        is this file valid?
#   goclaw policy explain --capability tools.exec --command "git status"     what would be decided, and by which rule?
#   goclaw approvals list                                      what waits for your yes or no?

# What may be done, wherever no rule below says otherwise. An empty list denies everything; an unknown name is an error.
allow_capabilities:
  # You, and programs that have the token or an API key: look at tasks; submit, cancel and retry them.
  - acp.read
  - acp.mutate
  # You: answer what agents ask, administer keys. API keys never have this.
  - admin.*
  # You, and programs: use a model as it is through /v1, without an agent.
  - llm.passthrough
  # Agents: the time, questions to you, tasks for other agents.
  - tools.now
  - tools.ask_user
  - tools.spawn_task
  # Agents: files, in the directories that allow_paths opens.
  - tools.read_file
  - tools.list_directory
  - tools.search_files
  - tools.write_file
  - tools.edit_file
  - tools.apply_patch
  - tools.write_note
  # Agents: what they note for later conversations, in workspace/memory.
  - tools.memory_read
  - tools.memory_search
  - tools.memory_write
  # Agents: ask the search engines of config.yaml. Reading a page that was found is asked for below.
  - tools.web_search

# Directories for the file tools: absolute, or relative to this file. A line of its own, such as \`- /srv/docs\`, is
# read-only. The rest of this home is closed to tools, whatever stands here.
allow_paths:
  - path: workspace
    mode: rw

# Sites that need no rule, such as \`- docs.python.org\` or \`- "*.wikipedia.org"\`.
allow_domains: []

# Deny beats ask beats allow, in any order. \`ask\` stops the task until you have seen exactly what would be done and said
# yes or no. To have a thing done unasked, take its rule away and name it above, or narrow the rule.
rules:
  - effect: ask
    capability: tools.read_url
    domain: "*"
    reason: it fetches a page from the internet
  - effect: ask
    capability: tools.http_request
    domain: "*"
    reason: it sends a request to the internet
  - effect: ask
    capability: tools.exec
    reason: it runs a program
  - effect: ask
    capability: tools.shell
    reason: it runs a command line
  - effect: ask
    capability: tools.send_alert
    reason: it sends an alert to your webhook, and that cannot be taken back
  - effect: ask
    capability: mcp.*
    reason: it calls a tool of an MCP server
`;
