// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;

/** A way of moving a guest from one host to the other: running there, and then running here. */
interface Way {
    /** What people call it. */
    String title();

    /** What it is called on the command line. */
    String word();

    /** What kind of way it is. */
    Kind kind();

    /** Whether it is vmmig that does it, in the programs of both hosts. */
    default boolean vmmig() {
        return kind() != Kind.STOP_AND_COPY;
    }

    /** Brings the guest, which runs at the first host, to where the move that counts is to begin; returns it there. */
    default LabGuest approach(LabGuest guest, Subject subject, Ground ground) {
        return guest;
    }

    /** Whether it changes something of the hosts' before guests are there; to be called before each move. */
    default void setUp(Ground ground) {}

    /** Moves the guest, which is such a one. */
    Moved move(LabGuest guest, Subject subject, LabHost to, Ground ground);

    /** How the guest's downtime comes about. */
    enum Kind {
        /** The guest stops, all of it is copied, and it goes on. */
        STOP_AND_COPY,
        /** A first move with vmmig. */
        VMMIG_FIRST,
        /** A move back with vmmig, to where much of the guest is still known. */
        VMMIG_BACK
    }
}
