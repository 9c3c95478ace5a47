// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.VmmigException;
import java.util.Optional;

/**
 * The objects of a package, by requests.
 *
 * @param sending what is patient
 * @param asking what answers soon, or not at all
 */
record HttpObjects(HttpCalls sending, HttpCalls asking) implements RemoteObjects {
    @Override
    public void put(String name, byte[] content, Delivery delivery) throws VmmigException {
        sending.put(name, content, content.length, true, delivery);
    }

    @Override
    public Optional<byte[]> get(String name, int limit) throws VmmigException {
        return asking.get(name, limit);
    }

    @Override
    public boolean isThere(String name) throws VmmigException {
        return asking.size(name).isPresent();
    }

    @Override
    public void delete(String name) throws VmmigException {
        asking.delete(name);
    }
}
