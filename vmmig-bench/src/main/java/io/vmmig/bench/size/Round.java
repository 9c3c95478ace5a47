// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.size;

import com.google.gson.JsonObject;
import io.vmmig.lab.host.SendProfile;
import java.io.PrintStream;
import java.util.Map;

/**
 * Both methods, on one guest in one state.
 *
 * @param old the method without vmmig
 * @param sent the profiles with vmmig
 */
record Round(OldWay old, Map<SendProfile, Sent> sent) {
    Round {
        sent = Map.copyOf(sent);
    }

    private Sent sent(SendProfile profile) {
        Sent found = sent.get(profile);
        if (found == null) {
            throw new IllegalStateException("no round had " + profile);
        }
        return found;
    }

    /** The package's size as a fraction of the zip's. */
    double sizeRatio(SendProfile profile) {
        return sent(profile).ratioTo(old);
    }

    /** The time to a complete package as a fraction of {@code virsh save}'s. */
    double timeRatio(SendProfile profile) {
        return sent(profile).packageMillis() / (double) old.saveMillis();
    }

    /** The time to a complete package as a fraction of {@code virsh save} and {@code zip -9}. */
    double wholeTimeRatio(SendProfile profile) {
        return sent(profile).packageMillis() / (double) old.wholeMillis();
    }

    /** The cost of encrypting and signing as a fraction of the time to a complete package. */
    double protectionRatio() {
        long without = sent(SendProfile.UNPROTECTED).packageMillis();
        return (sent(SendProfile.PROTECTED).packageMillis() - without) / (double) without;
    }

    void print(PrintStream out) {
        out.println(old.line());
        for (SendProfile profile : SendProfile.values()) {
            Sent one = sent.get(profile);
            if (one != null) {
                out.println(one.line(profile.title(), old));
            }
        }
    }

    JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.add("old", old.toJson());
        for (SendProfile profile : SendProfile.values()) {
            Sent one = sent.get(profile);
            if (one != null) {
                json.add(profile.title(), one.toJson());
            }
        }
        return json;
    }
}
