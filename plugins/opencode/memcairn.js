// memcairn for OpenCode: passes the events of a session to `memcairn hook`, and its output to the model.
//
// A hook never fails the session: after any error, it adds nothing.

import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"

const MEMCAIRN = "memcairn"
const LIMIT_MS = {
  "session-start": 5000,
  "user-prompt": 5000,
  "tool-used": 5000,
  "pre-compact": 10000,
  "stop": 10000,
}

function hook(event, payload) {
  return new Promise((resolve) => {
    let answer = ""
    const child = spawn(MEMCAIRN, ["hook", event, "--host", "opencode"], { stdio: ["pipe", "pipe", "ignore"] })
    const timer = setTimeout(() => child.kill(), LIMIT_MS[event])
    const end = () => {
      clearTimeout(timer)
      try {
        resolve(JSON.parse(answer).additionalContext ?? "")
      } catch {
        resolve("")
      }
    }
    child.on("error", end)
    child.on("close", end)
    child.stdin.on("error", () => {})
    child.stdout.on("data", (data) => (answer += data))
    child.stdin.end(JSON.stringify(payload))
  })
}

export const Memcairn = async ({ directory }) => {
  const started = new Set()
  const written = new Map()
  const about = (session_id, more = {}) => ({ session_id, cwd: directory, ...more })

  return {
    "chat.message": async (input, output) => {
      const session = output.message?.sessionID ?? input.sessionID
      const prompt = output.parts.filter((part) => part.type === "text" && !part.synthetic).map((part) => part.text)
      const found = []
      if (!started.has(session)) {
        started.add(session)
        found.push(await hook("session-start", about(session, { source: "startup" })))
      }
      found.push(await hook("user-prompt", about(session, { prompt: prompt.join("\n") })))
      for (const text of found.filter(Boolean)) {
        output.parts.push({
          id: `prt_${Date.now().toString(16).padStart(12, "0")}${randomBytes(7).toString("hex")}`,
          sessionID: session,
          messageID: output.message.id,
          type: "text",
          synthetic: true,
          text,
        })
      }
    },
    "tool.execute.before": async (input, output) => {
      const path = output.args?.filePath
      if (path && ["write", "edit", "patch"].includes(input.tool)) written.set(input.callID, path)
    },
    "tool.execute.after": async (input) => {
      const file_path = written.get(input.callID)
      if (!file_path) return
      written.delete(input.callID)
      await hook("tool-used", about(input.sessionID, { file_path }))
    },
    "experimental.session.compacting": async (input, output) => {
      const kept = await hook("pre-compact", about(input.sessionID, { trigger: "auto" }))
      if (kept) output.context.push(kept)
    },
    event: async ({ event }) => {
      if (event.type === "session.idle") await hook("stop", about(event.properties.sessionID))
    },
  }
}
