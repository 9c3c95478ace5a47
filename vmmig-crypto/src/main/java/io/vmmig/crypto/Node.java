// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.time.Instant;

/**
 * A host that is trusted.
 *
 * @param name what it is called here, which may be another name than the card's
 * @param card what it has handed over
 */
public record Node(String name, NodeCard card) {
    public Node {
        NodeCard.requireName(name);
    }

    /** What the host is known by. */
    public Fingerprint fingerprint() {
        return card.keys().fingerprint();
    }

    /** Whether the host signs with {@code key}, or did so before it renewed its keys and the day has not come that it named for that. */
    public boolean signsWith(SignerKey key) {
        return card.signsWith(key, Instant.now());
    }
}
