// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vmmig.error.EndState;
import io.vmmig.error.Problem;

/** A {@link io.vmmig.error.VmmigException} that an agent caught, as reported by the agent. */
public final class MoveFailed extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String type;
    private final Problem problem;
    private final EndState source;
    private final EndState destination;

    MoveFailed(JsonObject told) {
        super(text(told, "message"));
        this.type = text(told, "type");
        this.problem = Problem.valueOf(text(told, "problem"));
        this.source = EndState.valueOf(text(told, "source"));
        this.destination = EndState.valueOf(text(told, "destination"));
    }

    /** A copy that shows the waiting thread's stack as well. */
    MoveFailed(MoveFailed cause) {
        super(cause.getMessage(), cause);
        this.type = cause.type;
        this.problem = cause.problem;
        this.source = cause.source;
        this.destination = cause.destination;
    }

    private static String text(JsonObject told, String key) {
        JsonElement value = told.get(key);
        return value == null ? "" : value.getAsString();
    }

    /** The simple name of the exception's class. */
    public String type() {
        return type;
    }

    /** What kind of problem it is. */
    public Problem problem() {
        return problem;
    }

    /** What the source is left with, as reported. */
    public EndState source() {
        return source;
    }

    /** What the destination is left with, as reported. */
    public EndState destination() {
        return destination;
    }
}
