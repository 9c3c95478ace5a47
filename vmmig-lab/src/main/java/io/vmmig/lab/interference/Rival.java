// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.LabException;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.Receiving;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.UUID;

/**
 * A migration that comes in between, of the same guest or of one that is called the same.
 *
 * @param uuid the guest that it moves
 * @param source where that is
 */
record Rival(UUID uuid, LabHost source, Receiving receiving, Move sending) {
    /** What it says, when it is over; throws when it was refused. Lies are told of the time right after it. */
    String await() {
        Answer answer = Answer.of("second source", sending);
        if (!answer.well()) {
            // It may have been refused before it came to the other host.
            receiving.move().cancel();
        }
        // What it has claimed at the other host is in the next guest's way until it is over there, too.
        Answer.of("second destination", receiving.move());
        List<String> lies = new ArrayList<>(
                answer.lies(Seen.of(uuid, source), Seen.of(uuid, receiving.host()), EnumSet.allOf(Seen.class)));
        if (!lies.isEmpty()) {
            throw new LabException(FALSE + lies);
        }
        if (!answer.well()) {
            throw new LabException(answer.toString());
        }
        return answer.toString();
    }

    /** How the message begins that tells of something false. */
    static final String FALSE = "false: ";
}
