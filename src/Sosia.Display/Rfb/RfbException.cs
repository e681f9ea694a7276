using System;

namespace Sosia.Display.Rfb;

/// <summary>The other side does not keep to the protocol: the connection ends.</summary>
/// <param name="message">What it did.</param>
internal sealed class RfbException(string message) : Exception(message);
