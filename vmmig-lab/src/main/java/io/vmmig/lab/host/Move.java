// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import io.vmmig.lab.LabException;
import io.vmmig.report.Notice;
import java.time.Duration;
import java.util.List;

/** A running migration at one of its ends. */
public final class Move {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final long GLANCE_MILLIS = 20;
    private static final Duration SOON = Duration.ofSeconds(30);

    private final AgentProcess agent;
    private final Reply reply;
    private final Stop stop;

    Move(AgentProcess agent, Reply reply, Stop stop) {
        this.agent = agent;
        this.reply = reply;
        this.stop = stop;
    }

    /** Waits until it has reached its injection point; throws if it ends before. */
    public void awaitStop(Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        try {
            while (!stop.reachedWithin(GLANCE_MILLIS)) {
                if (reply.done()) {
                    throw new LabException("the migration ended early: " + reply.await(SOON));
                }
                if (System.nanoTime() > deadline) {
                    throw new LabException(
                            "the migration did not reach its injection point within " + atMost.toSeconds() + " s");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }

    /** Lets it continue from where it waits. */
    public void proceed() {
        JsonObject command = new JsonObject();
        command.addProperty("do", "proceed");
        command.addProperty("move", reply.id);
        agent.send(command, event -> {});
    }

    /**
     * As {@link #await()}, with a shorter timeout.
     *
     * @throws LabException when it is not over by then
     */
    public JsonObject await(Duration atMost) {
        return reply.await(atMost);
    }

    /**
     * Waits for its end; returns the {@link io.vmmig.report.MigrationReport} of that end as JSON.
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

    /** Its notices so far. */
    public List<Notice> notices() {
        return stop.notices();
    }

    /** Asks it to stop; false if it is too late. */
    public boolean cancel() {
        JsonObject command = new JsonObject();
        command.addProperty("do", "cancel");
        command.addProperty("move", reply.id);
        return agent.send(command, event -> {}).await(SOON).get("accepted").getAsBoolean();
    }
}
