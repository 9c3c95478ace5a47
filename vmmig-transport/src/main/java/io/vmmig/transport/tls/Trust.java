// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.Node;
import io.vmmig.crypto.NodeStore;
import io.vmmig.crypto.TrustedNodes;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The expected peers of a connection.
 *
 * @param nodes asked in each handshake and afterwards
 * @param words describes them, as in "it has the fingerprint X, but …"
 */
record Trust(TrustedNodes nodes, String words) {
    private static final int MOST_TO_NAME = 3;

    static Trust in(Set<Fingerprint> peers) {
        String words;
        if (peers.isEmpty()) {
            words = "trusted is none";
        } else if (peers.size() > MOST_TO_NAME) {
            words = "that is none of the " + peers.size() + " trusted ones";
        } else {
            words = "trusted is "
                    + peers.stream().map(Fingerprint::toString).sorted().collect(Collectors.joining(", "));
        }
        return new Trust(TrustedNodes.of(peers), words);
    }

    static Trust in(TrustedNodes nodes) {
        return new Trust(nodes, "no trusted node has");
    }

    /** The node that has this name now, as long as it is trusted. */
    static Trust in(NodeStore nodes, String name) throws VmmigException {
        Node node = nodes.find(name)
                .orElseThrow(() -> VmmigException.of(
                        Problem.NODE_UNKNOWN,
                        "no trusted node is called " + name,
                        "Add it first, after comparing its fingerprint."));
        return new Trust(
                new OneOf(nodes, node.fingerprint()), "the trusted node " + name + " has " + node.fingerprint());
    }

    /** Only the given one of these peers. */
    Trust only(Fingerprint one) {
        return new Trust(new OneOf(nodes, one), "the one before had " + one);
    }

    private record OneOf(TrustedNodes nodes, Fingerprint one) implements TrustedNodes {
        @Override
        public boolean trusts(Fingerprint node) throws VmmigException {
            return node.equals(one) && nodes.trusts(node);
        }

        @Override
        public Subscription onRemoval(Consumer<Fingerprint> listener) throws VmmigException {
            return nodes.onRemoval(listener);
        }
    }
}
