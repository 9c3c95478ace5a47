// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

/** A guest that is being restored from a package file. */
public final class Restoring {
    private final LabHost host;
    private final Move move;
    private final LogSizes before;

    Restoring(LabHost host, Move move, LogSizes before) {
        this.host = host;
        this.move = move;
        this.before = before;
    }

    /** What the host does. */
    public Move move() {
        return move;
    }

    /** The guest, once the move is over. */
    public LabGuest guest(String name) {
        return host.arrived(name, before);
    }
}
