// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The parent's end of a {@link HostAgent}: sends it commands, and dispatches its answers. */
final class AgentProcess implements AutoCloseable {
    private static final Duration START_TIME = Duration.ofSeconds(60);
    private static final Duration END_TIME = Duration.ofSeconds(30);

    private final String name;
    private final Path log;
    private final Process process;
    private final BufferedWriter commands;
    private final Map<Long, Reply> pending = new ConcurrentHashMap<>();
    private final Reply greeting = new Reply(event -> {});
    private long lastId;

    private AgentProcess(String name, Path log, Process process) {
        this.name = name;
        this.log = log;
        this.process = process;
        this.commands = process.outputWriter(StandardCharsets.UTF_8);
        pending.put(0L, greeting);
    }

    /**
     * Starts an agent; its stderr is appended to {@code log}.
     *
     * @param words the command line
     */
    static AgentProcess start(String name, Path log, List<String> words, Map<String, String> environment) {
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
            builder.environment().putAll(environment);
            Process process = builder.start();
            AgentProcess agent = new AgentProcess(name, log, process);
            Thread reader = new Thread(agent::readAnswers, "agent-" + name);
            reader.setDaemon(true);
            reader.start();
            return agent;
        } catch (IOException e) {
            throw new LabException("could not start the agent of host " + name, e);
        }
    }

    /** What the agent says about itself once it is ready. */
    JsonObject greeting() {
        return greeting.await(START_TIME);
    }

    /** Sends a command; {@code events} gets what the agent says before the answer. */
    Reply send(JsonObject command, Consumer<JsonObject> events) {
        Reply reply = new Reply(events);
        synchronized (commands) {
            lastId++;
            reply.id = lastId;
            command.addProperty("id", lastId);
            pending.put(lastId, reply);
            try {
                commands.write(command + "\n");
                commands.flush();
            } catch (IOException e) {
                throw gone();
            }
        }
        if (!process.isAlive()) {
            failAll();
        }
        return reply;
    }

    private void readAnswers() {
        try (BufferedReader answers = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = answers.readLine(); line != null; line = answers.readLine()) {
                JsonObject answer = JsonParser.parseString(line).getAsJsonObject();
                hear(answer.get("id").getAsLong(), answer);
            }
        } catch (IOException e) {
            // the agent has exited, handled below
        }
        failAll();
    }

    private void hear(long id, JsonObject answer) {
        Reply reply = pending.get(id);
        if (reply == null) {
            return;
        }
        if (answer.has("event")) {
            reply.hear(answer.getAsJsonObject("event"));
        } else {
            pending.remove(id);
            reply.complete(answer);
        }
    }

    private void failAll() {
        for (Long id : List.copyOf(pending.keySet())) {
            Reply reply = pending.remove(id);
            if (reply != null) {
                reply.fail(gone());
            }
        }
    }

    private LabException gone() {
        String last = "";
        try {
            List<String> lines = Files.readAllLines(log);
            last = lines.isEmpty() ? "" : ": " + lines.get(lines.size() - 1);
        } catch (IOException e) {
            // then without
        }
        return new LabException("the agent of host " + name + " has ended; see " + log + last);
    }

    long pid() {
        return process.pid();
    }

    /** Ends the agent, and with it all guests of its host. */
    @Override
    public void close() {
        try {
            commands.close();
        } catch (IOException e) {
            // it is gone already
        }
        try {
            if (!process.waitFor(END_TIME.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    boolean alive() {
        return process.isAlive();
    }

    /** Kills it, as {@code kill -9} does; its guests stay as they are. */
    void kill() {
        process.destroyForcibly();
    }

    /** Waits until it has exited by itself. */
    void awaitDeath() {
        Await.until("the agent of host " + name + " to die", START_TIME, () -> !process.isAlive());
    }
}
