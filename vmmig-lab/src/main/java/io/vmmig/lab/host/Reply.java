// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import io.vmmig.lab.LabException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** The reply to one command. */
final class Reply {
    private final Consumer<JsonObject> events;
    private final CompletableFuture<JsonObject> answer = new CompletableFuture<>();
    long id;

    Reply(Consumer<JsonObject> events) {
        this.events = events;
    }

    void hear(JsonObject event) {
        events.accept(event);
    }

    void complete(JsonObject message) {
        if (message.has("failure")) {
            answer.completeExceptionally(new MoveFailed(message.getAsJsonObject("failure")));
        } else if (message.has("error")) {
            answer.completeExceptionally(new LabException(message.get("error").getAsString()));
        } else {
            answer.complete(message.getAsJsonObject("result"));
        }
    }

    void fail(RuntimeException reason) {
        answer.completeExceptionally(reason);
    }

    boolean done() {
        return answer.isDone();
    }

    /**
     * The answer.
     *
     * @throws MoveFailed when vmmig threw
     */
    JsonObject await(Duration atMost) {
        try {
            return answer.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof MoveFailed failed) {
                throw new MoveFailed(failed);
            }
            throw new LabException("the agent failed", Objects.requireNonNullElse(e.getCause(), e));
        } catch (TimeoutException e) {
            throw new LabException("the agent did not answer within " + atMost.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }
}
