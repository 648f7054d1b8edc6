"""Every string of the page, in one place."""

from __future__ import annotations

from typing import ClassVar

SECTIONS = (
    ("/", "Today"),
    ("/injected", "Injected"),
    ("/notes", "Notes"),
    ("/inbox", "Inbox"),
    ("/memory-md", "MEMORY.md"),
    ("/search", "Search"),
    ("/health", "Health"),
    ("/settings", "Settings"),
)


class TEXT:
    """The strings by name."""

    # every page
    skip = "Skip to the content"
    sections = "Pages"
    search_hint = "Search"
    search_label = "Search all notes"
    help_button = "Keys"
    help_title = "Keyboard"
    help_keys: ClassVar = (
        ("/", "Search"),
        ("1 8", "Go to a page"),
        ("j k", "Next and previous item"),
        ("Enter", "Open the item"),
        ("i", "Go to the field of the page"),
        ("n p", "Next and previous page of a list"),
        ("?", "This help"),
        ("Esc", "Leave a field or this help"),
    )
    help_toggle = "Use keyboard shortcuts; other keys stand on their buttons"
    close = "Close"
    read_only = "This view is read-only: nothing can be changed here."
    pages = "Pages of the list"
    page_of = "Page {page} of {pages}"
    previous = "Previous"
    next = "Next"
    ago = "ago"
    just_now = "just now"
    all = "All"
    show = "Show"
    change = "Change"
    cancel = "Cancel"
    save = "Save"
    folder = "Folder"
    why = "Why?"
    none = "none"
    file = "file"
    path = "path"
    chunk = "chunk"
    note_ = "note"
    recall = "recall"
    session = "session"
    passage = "passage"
    problem = "problem"
    proposal = "proposal"
    day_of_use = "day"
    difference = "Difference"
    and_more = "and {number:,} more"
    error_title = "This did not work"
    no_page = "There is no such page"
    to_today = "Go to Today"

    # refusals
    refused = "Refused"
    refused_host = "This address is not served here."
    refused_origin = "Another page may not ask this one."
    refused_method = "This method is not served."
    refused_visitor = (
        "This page needs a cookie. Run `memcairn ui` and use the address that it prints."
    )
    refused_token = "This address was used already, or is too old. Run `memcairn ui` again."  # noqa: S105
    refused_form = "This is not a form of this page."
    refused_size = "The text is too long."
    refused_csrf = "The form is too old. Go back, reload the page, and try again."
    refused_read_only = "This view is read-only."

    # Today
    today = "Today"
    agents = "Agents"
    checking = "Checking each agent …"
    no_agents = "No agent was found on this machine."
    agent_states: ClassVar = {
        "good": "works",
        "bad": "does not work",
        "todo": "waits for you",
        "absent": "not installed",
    }
    fix_agent = "Fix"
    install = "Install"
    state = "State"
    wait_inbox = "to decide in the inbox"
    wait_index = "to index"
    wait_embedding = "to embed"
    failing = "failing"
    changed_since = "written since yesterday"
    last_injected = "Last injected"
    nothing_injected = "No agent was shown anything yet. It happens when a prompt concerns a note."
    learned = "Learned since yesterday"
    nothing_learned = "Nothing was written since yesterday."
    all_of = "All {number:,}"
    events: ClassVar = {
        "session-start": "Session start",
        "user-prompt": "Prompt",
        "subagent-prompt": "Prompt for a sub-agent",
        "subagent-start": "Sub-agent start",
        "tool-used": "File written",
        "tool-failed": "Failed tool",
        "pre-compact": "Compaction",
        "stop": "End of a turn",
        "subagent-stop": "Sub-agent end",
        "session-end": "Session end",
    }

    # Injected
    injected = "Injected"
    injected_in = "Injected: {title}"
    injected_lead = (
        "What hooks have shown to agents, session by session. Logs contain no prompts; the resident "
        "process remembers the latest ones until it ends."
    )
    all_sessions = "All sessions"
    open = "open"
    ended = "ended"
    is_paused = "paused"
    asked_now = "Asked now; no agent saw this"
    shown = "shown"
    not_remembered = "the prompt is not remembered; ask it again above"
    nothing_above = "nothing was above the gate"
    nothing_injected_here = "Nothing was injected in this session."
    ask_again = "What would this session be shown for a prompt, and why?"
    ask = "Ask"
    outcomes: ClassVar = {"shown": "shown", "left out": "left out", "below": "below the gate"}
    words_used = "Words used"
    should_have = "Should have"
    should_not = "Should not"
    score_is = "Score {score}, the gate is {gate}"
    score_parts = "Parts of the score"
    part_names: ClassVar = {
        "score": "Score", "words": "Words", "cosine": "Meaning", "maxsim": "Tokens", "fused": "Fused",
        "inherited": "Inherited", "adjusted": "Adjusted", "held": "Held",
    }  # fmt: skip
    about_score = "probability that it is relevant"
    about_words = "match of the words, 1 for the best"
    about_cosine = "nearness of the meaning"
    about_maxsim = "nearness word by word"
    about_fused = "words and meaning together"
    about_inherited = "from its neighbors and its note"
    about_adjusted = "for the time asked for, or because it is outdated"
    about_held = "share of the query's words in it"
    no_session = "there is no such session"
    question_missing = "the question is missing"
    question_saved = "Saved as question {number}: memcairn eval {file} {root}"

    # Notes
    notes = "Notes"
    filter = "Filter and search"
    type = "Type"
    since = "Changed since"
    order = "Order"
    by_path = "by path"
    by_time = "latest first"
    named = "with “{q}” in name, title, description or tags"
    by_content = "more by content"
    found_by_content = "Found by content"
    is_pinned = "pinned"
    changed = "changed"
    edit = "Edit"
    pin = "Pin"
    unpin = "Unpin"
    undo = "Undo last change"
    forget = "Forget"
    bring_back = "Bring it back"
    note_missing = "This note {why}."
    no_note = "there is no such note in a known notes folder"
    not_utf8 = "is not UTF-8 text"
    text_of = "Text of {name}"
    save_over = "Save mine over it"
    keep_theirs = "Keep theirs"
    theirs = "The file now"
    yours = "Your version"
    from_yours = "From your version to the file"
    changed_meanwhile = (
        "The file changed while you edited it, so nothing was written. Both versions are here."
    )
    saved = "Saved."
    pinned = "Pinned: it stands at the top of MEMORY.md."
    unpinned = "Not pinned any more."
    forgotten = "Moved to the trash."
    undone = "Undone. The text before is in the history."
    restored = "It is back."
    not_in_trash = "is not in the trash"
    use = "Use"
    no_use = "Nothing showed it in the last {days} days."
    use_label = "Recalls of the last {days} days"
    use_legend = "{recalls} (above the line) and {uses} of use (below it) in {days} days"
    days_ago = "{days} days ago"
    history = "History"
    no_history = "No change is recorded."
    its_session = "session"
    tools: ClassVar = {
        "found": "Changed outside memcairn",
        "observe": "Remembered",
        "write": "Written",
    }
    since_revision = "Changes since revision {revision}"
    no_difference = "Nothing has changed since then."
    make_as_then = "Make it as it was then"
    back_to_note = "Back to the note"

    # Inbox
    inbox = "Inbox"
    inbox_empty = "Nothing waits for a decision."
    place = "{at} of {total}"
    proposals: ClassVar = {
        "keep": "Keep these notes as they are?",
        "edit": "Change this note?",
        "merge": "Merge these notes into the first?",
        "supersede": "Does the second note replace the first?",
        "archive": "Archive this note, because it no longer holds?",
        "forget": "Forget this note?",
        "add": "Remember this?",
    }
    decisions: ClassVar = {
        "keep": "Keep as it is",
        "edit": "Edit",
        "merge": "Merge",
        "supersede": "Supersede",
        "archive": "Archive",
        "forget": "Forget",
        "add": "Remember",
    }
    accept = "Yes: {action}"
    proposed = "Proposed text"
    new_text = "New text"
    no_date = "no date"
    by = "written by {source}"
    valid_until = "valid until {day}"
    decided = "Decided: {action}."
    decided_title = "Decided"
    undo_decision = "Undo"
    decision_undone = "Undone: it waits again."
    consent = "What agents may write without asking"
    consent_lead = "In each folder. What they may not write becomes a proposal here."
    consents: ClassVar = {
        "nothing": "nothing",
        "observations": "their own notes",
        "all": "also corrections of what a person wrote",
    }
    consent_saved = "Saved."

    # MEMORY.md
    memory_md_lead = "What an agent loads at the start of each session, line by line."
    lines = "Lines"
    characters = "Characters"
    bytes = "Bytes"
    no_memory_md = "No notes folder has a MEMORY.md."
    no_memory_md_here = "This folder has no MEMORY.md."
    not_managed = "It is not kept current."
    keep_current = "Make it, and keep it current"
    rebuild = "Rebuild"
    rebuilt = "Rebuilt: {listed:,} of {notes:,} notes are listed."
    size_of_memory_md = "Size of MEMORY.md and its limits"
    cut = "An agent does not load what follows"
    why_here = "Why it stands there"
    hows: ClassVar = {
        "listed": "Listed",
        "by hand": "Linked by hand",
        "folded": "On an index page",
        "unlisted": "Not listed: its path is too long",
    }
    place_by_rank = "Place {position:,} of {current:,} by rank"
    standing = "Changed on {changed}; type {type} days, use {use} days"
    is_pinned_long = "Pinned, so it comes before notes that are not"
    not_pinned = "Not pinned"

    # Search
    search = "Search"
    question = "Words, a question or an error message"
    above_gate = "above the gate of {gate}, which a hook would show"
    expired = "expired on {day}"
    superseded = "superseded by {by}"

    # Health
    health = "Health"
    queue = "Queue"
    oldest = "The oldest came {age}."
    index_now = "Index now"
    failing_files = "Failing files"
    no_failing = "No file fails."
    attempts = "{number} attempts"
    next_try = "next {when}"
    try_again = "Try again"
    discard = "Discard"
    discarded = "Discarded: {number}."
    flushed = "Indexed: {done}; failed: {failed}."
    hooks = "Hooks"
    no_hooks = "No hook was called yet."
    event = "Event"
    calls = "Calls"
    median = "Median"
    limit = "Limit"
    latest_calls = "Latest calls"
    failed = "Failed"
    spark = "Times of the latest calls of {event}; the longest took {top} ms"
    freshness = "Freshness"
    scanned = "scanned"
    never_scanned = "never scanned completely"
    loose = "Notes outside all folders"
    sizes = "Sizes"
    size_index = "Index"
    size_queue = "Queue"
    size_history = "History"
    size_logs = "Logs"
    resident = "Memory of the resident process"
    requests = "Its requests"
    started = "Started"
    model = "Model"
    home = "Home"
    doctor = "Doctor"
    doctor_lead = "Checks databases, permissions, folders and leftovers. It reads all of the index."
    run_doctor = "Run the checks"
    no_findings = "No problems."
    fix = "Fix what is safe to fix"
    fixed = "Fixed: {fixed}; left: {left}."

    # Settings
    settings = "Settings"
    all_settings = "All settings"
    setting_saved = "Saved in config.toml."
    overridden = "Saved, but {variable} is set in the environment and overrides it."
    use_default = "Use the default"
    uninstall = "Uninstall"
    install_again = "Show changes"
    install_into = "Install into {host}"
    uninstall_from = "Uninstall from {host}"
    these_files = "This changes {files}. Copies of the files go to {backups} first."
    nothing_to_change = "Nothing would change."
    plan_changed = "A file has changed since you read the difference. Read it again."
    installed = "Installed into {host}: {number} changed. Start a new session of the agent."
    uninstalled = "Uninstalled from {host}: {number} changed."
    no_host = "there is no such agent"
    no_root = "not a known notes folder"
    open_sessions = "Open sessions"
    no_open_session = "No session is open."
    pause_lead = (
        "In a paused session hooks stay silent. Notes are still indexed, and tools still answer."
    )
    pause = "Pause"
    resume = "Resume"
    paused = "Paused: hooks stay silent in this session."
    resumed = "Resumed: hooks speak again in this session."
    backups = "Snapshots and export"
    backups_lead = (
        "A snapshot keeps all notes of a folder as they are. An export is one file for you."
    )
    snapshot_name = "Name"
    take_snapshot = "Take a snapshot"
    snapshot_taken = "Snapshot taken: {files:,} files."
    snapshot_restored = "Restored: {files:,} files changed. The state before is a snapshot, too."
    restore_snapshot = "Restore this snapshot"
    restore_lead = "Files that came later are removed. The state before is kept as a snapshot."
    would_change = "would change"
    added = "added"
    replaced = "replaced"
    removed = "removed"
    export = "Export"
    delete_everything = "Delete everything"
    delete_lead = (
        "Remove memcairn from all agents, with its index, history and the notes in its home."
    )
    delete_look = "See what would go"
    delete_what = "This deletes {home} with {notes}, and changes these files of your agents:"
    delete_keeps = "Notes in your own folders, your config.toml and the program stay."
    delete_type = "Type “{word}” to confirm"
    delete_word = "Type “{word}” to confirm; nothing was deleted."
    deleting = "memcairn is being removed; this page ends with it."
