// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import io.vmmig.lab.LabException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Starts and ends guests, which is the user's job and not vmmig's. */
final class Libvirt implements AutoCloseable {
    /** {@code VIR_DOMAIN_PAUSED}, {@code VIR_DOMAIN_PAUSED_IOERROR}. */
    private static final int PAUSED = 3;

    private static final int BY_ERROR = 5;
    private static final int AUTODESTROY_NOT = 0;
    private static final int UNDEFINE_EVERYTHING = 0x1 | 0x2 | 0x4;

    private final Calls calls = Native.load("virt", Calls.class);
    private final String uri;
    private @Nullable Pointer opened;

    /** libvirt's own functions. */
    interface Calls extends Library {
        @Nullable
        Pointer virConnectOpen(String uri);

        int virConnectIsAlive(Pointer connection);

        int virConnectClose(Pointer connection);

        @Nullable
        Pointer virDomainDefineXML(Pointer connection, byte[] xml);

        @Nullable
        Pointer virDomainCreateXML(Pointer connection, byte[] xml, int flags);

        @Nullable
        Pointer virDomainLookupByName(Pointer connection, String name);

        int virDomainCreate(Pointer domain);

        int virDomainDestroy(Pointer domain);

        int virDomainUndefineFlags(Pointer domain, int flags);

        int virDomainGetState(Pointer domain, int[] state, int[] reason, int flags);

        int virDomainFree(Pointer domain);

        @Nullable
        String virGetLastErrorMessage();
    }

    /** Connects; the embedded driver needs libvirt's event loop to be running. */
    Libvirt(String uri) {
        this.uri = uri;
        connection();
    }

    /** A new one if libvirtd has died since. */
    private synchronized Pointer connection() {
        Pointer known = opened;
        if (known != null && calls.virConnectIsAlive(known) != 1) {
            calls.virConnectClose(known);
            known = null;
        }
        if (known == null) {
            known = checked("connect to " + uri, calls.virConnectOpen(uri));
            opened = known;
        }
        return known;
    }

    /** Defines a guest without starting it. */
    void define(String xml) {
        calls.virDomainFree(checked("define the guest", calls.virDomainDefineXML(connection(), bytes(xml))));
    }

    /** Starts a guest that was defined before. */
    void start(String name) {
        Pointer domain = checked("find the guest", calls.virDomainLookupByName(connection(), name));
        try {
            if (calls.virDomainCreate(domain) != 0) {
                throw failed("start the guest");
            }
        } finally {
            calls.virDomainFree(domain);
        }
    }

    /** Starts a guest that its host forgets when it ends. */
    void create(String xml) {
        calls.virDomainFree(
                checked("create the guest", calls.virDomainCreateXML(connection(), bytes(xml), AUTODESTROY_NOT)));
    }

    /** Ends and undefines a guest, as far as it exists. */
    void remove(String name) {
        Pointer domain = calls.virDomainLookupByName(connection(), name);
        if (domain != null) {
            calls.virDomainDestroy(domain);
            calls.virDomainUndefineFlags(domain, UNDEFINE_EVERYTHING);
            calls.virDomainFree(domain);
        }
    }

    /** Whether a guest is paused because its QEMU could not write to a disk. */
    boolean pausedByError(String name) {
        Pointer domain = checked("find the guest", calls.virDomainLookupByName(connection(), name));
        try {
            int[] state = new int[1];
            int[] reason = new int[1];
            if (calls.virDomainGetState(domain, state, reason, 0) != 0) {
                throw failed("look at the guest");
            }
            return state[0] == PAUSED && reason[0] == BY_ERROR;
        } finally {
            calls.virDomainFree(domain);
        }
    }

    private Pointer checked(String what, @Nullable Pointer pointer) {
        if (pointer == null) {
            throw failed(what);
        }
        return pointer;
    }

    private LabException failed(String what) {
        return new LabException("could not " + what + ": " + calls.virGetLastErrorMessage());
    }

    private static byte[] bytes(String text) {
        return (text + "\0").getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public synchronized void close() {
        if (opened != null) {
            calls.virConnectClose(opened);
            opened = null;
        }
    }
}
