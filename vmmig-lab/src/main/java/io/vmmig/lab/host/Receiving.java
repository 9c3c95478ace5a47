// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import io.vmmig.lab.LabException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** A host that waits for a guest, or receives one. */
public final class Receiving {
    private static final Duration LISTEN_TIME = Duration.ofSeconds(30);

    private final LabHost host;
    private final int port;
    private final Move move;
    private final LogSizes before;

    private Receiving(LabHost host, int port, Move move, LogSizes before) {
        this.host = host;
        this.port = port;
        this.move = move;
        this.before = before;
    }

    static Receiving start(LabHost host, AgentProcess agent, JsonObject command, Consumer<JsonObject> events) {
        LogSizes before = host.logSizes();
        CompletableFuture<Integer> port = new CompletableFuture<>();
        Stop stop = new Stop(events);
        Reply reply = agent.send(command, event -> {
            if (event.has("port")) {
                port.complete(event.get("port").getAsInt());
            } else {
                stop.hear(event);
            }
        });
        return new Receiving(host, await(port), new Move(agent, reply, stop), before);
    }

    private static int await(CompletableFuture<Integer> port) {
        try {
            return port.get(LISTEN_TIME.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new LabException("the host does not listen", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }

    /** The host that receives. */
    public LabHost host() {
        return host;
    }

    /** Where it listens. */
    public int port() {
        return port;
    }

    /** What it does. */
    public Move move() {
        return move;
    }

    /** The guest, once the move is over. */
    public LabGuest guest(String name) {
        return host.arrived(name, before);
    }
}
