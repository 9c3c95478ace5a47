// SPDX-License-Identifier: Apache-2.0
/** Lays a guest down as a package file, and takes one in from such a file. */
package io.vmmig.transport.file;
