// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.error.VmmigException;
import java.util.List;
import java.util.Optional;

/** The objects of one package at a server, as the hand-over sees them. */
interface RemoteObjects {
    /**
     * Writes an object that should not exist yet; returns only when the server confirms it.
     *
     * @param delivery records how often it is sent, and the answers
     */
    void put(String name, byte[] content, Delivery delivery) throws VmmigException;

    /** Reads an object; empty only if the server says that it is not there now. */
    Optional<byte[]> get(String name, int limit) throws VmmigException;

    /** Whether an object is there; false only if the server says that it is not there now. */
    boolean isThere(String name) throws VmmigException;

    /** Whether all of these are there. */
    default boolean areThere(List<String> names) throws VmmigException {
        for (String name : names) {
            if (!isThere(name)) {
                return false;
            }
        }
        return true;
    }

    /** Deletes an object; the caller has to check that it is gone. */
    void delete(String name) throws VmmigException;
}
