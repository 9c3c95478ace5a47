// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import java.time.Duration;

/** A migration that is under way at one of its ends. */
public final class Move {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Duration SOON = Duration.ofSeconds(30);

    private final AgentProcess agent;
    private final Reply reply;

    Move(AgentProcess agent, Reply reply) {
        this.agent = agent;
        this.reply = reply;
    }

    /**
     * Waits for its end; returns the {@link io.vmmig.MigrationReport} of that end as JSON.
     *
     * @throws MoveFailed when it failed
     */
    public JsonObject await() {
        return reply.await(PATIENCE);
    }

    /** Whether it is over. */
    public boolean done() {
        return reply.done();
    }

    /** Asks it to stop; false if it is too late. */
    public boolean cancel() {
        JsonObject command = new JsonObject();
        command.addProperty("do", "cancel");
        command.addProperty("move", reply.id);
        return agent.send(command, event -> {}).await(SOON).get("accepted").getAsBoolean();
    }
}
