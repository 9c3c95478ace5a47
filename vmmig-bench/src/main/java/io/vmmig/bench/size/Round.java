// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.size;

import com.google.gson.JsonObject;
import io.vmmig.lab.host.Contender;
import java.io.PrintStream;
import java.util.Map;

/**
 * Both ways, on one guest at one time.
 *
 * @param old the way without vmmig
 * @param sent the ways with vmmig
 */
record Round(OldWay old, Map<Contender, Sent> sent) {
    Round {
        sent = Map.copyOf(sent);
    }

    private Sent sent(Contender contender) {
        Sent found = sent.get(contender);
        if (found == null) {
            throw new IllegalStateException("no round had " + contender);
        }
        return found;
    }

    /** The package, of the size of the zip. */
    double sizeRatio(Contender contender) {
        return sent(contender).ratioTo(old);
    }

    /** The time to a whole package, of the time that {@code virsh save} took. */
    double timeRatio(Contender contender) {
        return sent(contender).packageMillis() / (double) old.saveMillis();
    }

    /** The time to a whole package, of the time that {@code virsh save} and {@code zip -9} took. */
    double wholeTimeRatio(Contender contender) {
        return sent(contender).packageMillis() / (double) old.wholeMillis();
    }

    /** What it costs to seal and sign, of the time to a whole package. */
    double protectionRatio() {
        long without = sent(Contender.UNPROTECTED).packageMillis();
        return (sent(Contender.PROTECTED).packageMillis() - without) / (double) without;
    }

    void print(PrintStream out) {
        out.println(old.line());
        for (Contender contender : Contender.values()) {
            Sent one = sent.get(contender);
            if (one != null) {
                out.println(one.line(contender.title(), old));
            }
        }
    }

    JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.add("old", old.toJson());
        for (Contender contender : Contender.values()) {
            Sent one = sent.get(contender);
            if (one != null) {
                json.add(contender.title(), one.toJson());
            }
        }
        return json;
    }
}
