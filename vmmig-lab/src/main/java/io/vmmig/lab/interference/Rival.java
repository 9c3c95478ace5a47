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
 * A competing migration, of the same guest or of a namesake.
 *
 * @param uuid the guest that it moves
 * @param source where that is
 */
record Rival(UUID uuid, LabHost source, Receiving receiving, Move sending) {
    /** What it reported when it was over; throws if it was refused. Its claims are compared with the state right after it. */
    String await() {
        Answer answer = Answer.of("second source", sending);
        if (!answer.well()) {
            // It may have been refused before it reached the other host.
            receiving.move().cancel();
        }
        // Its claims at the other host block the next guest until it is over there, too.
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

    /** The beginning of the message about a false claim. */
    static final String FALSE = "false: ";
}
