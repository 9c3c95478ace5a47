// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import io.vmmig.error.Problem;

/**
 * A package that nobody may take in, and the problem it must be refused with. It differs in one thing from
 * {@link HostilePackages#harmless()}, which must be taken in. Immutable.
 */
public final class HostilePackage {
    /** Where in the package the fault is. */
    public enum Fault {
        /** In front of the guest's memory: a hypervisor must not even hear of the guest. */
        BEFORE_MEMORY,
        /** In the guest's memory or behind it: a restore may have begun, but must not be finished. */
        IN_MEMORY_OR_BEHIND
    }

    private final String name;
    private final Problem problem;
    private final Fault fault;
    private final boolean refusedByReader;
    private final byte[] bytes;

    HostilePackage(String name, Problem problem, Fault fault, boolean refusedByReader, byte[] bytes) {
        this.name = name;
        this.problem = problem;
        this.fault = fault;
        this.refusedByReader = refusedByReader;
        this.bytes = bytes;
    }

    /** What is hostile about it, in a few words. */
    public String name() {
        return name;
    }

    /** What it must be refused with. */
    public Problem problem() {
        return problem;
    }

    /** Where the fault is. */
    public Fault fault() {
        return fault;
    }

    /**
     * Whether it breaks the rules of the package format, so that reading and verifying it is refused with
     * {@link #problem()}. What the format allows, only a destination refuses.
     */
    public boolean refusedByReader() {
        return refusedByReader;
    }

    /** A copy of the package. */
    public byte[] bytes() {
        return bytes.clone();
    }

    @Override
    public String toString() {
        return name + " → " + problem;
    }
}
