// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;

/** A method of moving a running guest from one host to the other. */
interface MigrationMethod {
    /** Its name for people. */
    String title();

    /** Its name on the command line. */
    String word();

    /** The kind of method. */
    Kind kind();

    /** Whether it uses vmmig, in the programs of both hosts. */
    default boolean vmmig() {
        return kind() == Kind.VMMIG_FIRST || kind() == Kind.VMMIG_BACK;
    }

    /** Takes the guest from the first host to where the measured move starts; returns it there. */
    default LabGuest approach(LabGuest guest, Subject subject, Ground ground) {
        return guest;
    }

    /** Configures the hosts; called before each move, before guests are there. */
    default void setUp(Ground ground) {}

    /** Moves the guest. */
    Moved move(LabGuest guest, Subject subject, LabHost to, Ground ground);

    /** How the guest's downtime comes about. */
    enum Kind {
        /** The guest stops, all of it is copied, and it continues. */
        STOP_AND_COPY,
        /** The guest runs while it is copied. */
        LIVE,
        /** A first move with vmmig. */
        VMMIG_FIRST,
        /** A move back with vmmig, to a host that still has much of the guest. */
        VMMIG_BACK
    }
}
