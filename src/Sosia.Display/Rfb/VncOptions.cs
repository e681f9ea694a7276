using System;
using System.IO;
using System.Net;
using Sosia.Core;

namespace Sosia.Display.Rfb;

/// <summary>Where a VNC server listens, and whom it lets in.</summary>
public sealed record VncOptions
{
    /// <summary>The form of the text.</summary>
    public const string Form = "vnc=ADDR:PORT[,password=SECRET|,password-file=F]";

    /// <summary>The address and port; port 0 for any that is free.</summary>
    public required IPEndPoint EndPoint { get; init; }

    /// <summary>The password; null to let in everybody, which only a loopback address allows.</summary>
    public string? Password { get; init; }

    /// <summary>The name that viewers show.</summary>
    public string Name { get; init; } = "Sosia";

    /// <summary>Reads what follows <c>vnc=</c>.</summary>
    /// <exception cref="SosiaException">The text has another form, or asks for something that is not wise.</exception>
    public static VncOptions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split(',');
        if (!TryParseEndPoint(parts[0], out IPEndPoint? endPoint))
        {
            throw new SosiaException($"The address '{parts[0]}' of --display vnc is not an IP address and a port; write for example vnc=127.0.0.1:5900.");
        }

        string? password = null;
        foreach (string part in parts.AsSpan(1))
        {
            if (part.StartsWith("password=", StringComparison.Ordinal))
            {
                password = part["password=".Length..];
            }
            else if (part.StartsWith("password-file=", StringComparison.Ordinal))
            {
                password = ReadPassword(part["password-file=".Length..]);
            }
            else
            {
                throw new SosiaException($"The part '{part}' of --display vnc is unknown; the form is {Form}.");
            }
        }

        if (password is { Length: 0 or > 8 })
        {
            throw new SosiaException($"The VNC password has {password.Length} characters, but VNC uses 1 to 8; give another one.");
        }

        return password is null && !IPAddress.IsLoopback(endPoint!.Address)
            ? throw new SosiaException($"The VNC address {endPoint} can be reached from other computers, so it needs a password; add ,password=SECRET or listen on 127.0.0.1.")
            : new VncOptions { EndPoint = endPoint!, Password = password };
    }

    /// <summary>Reads an address and a port.</summary>
    /// <returns>False when the text is something else.</returns>
    public static bool TryParseEndPoint(string text, out IPEndPoint? endPoint)
    {
        ArgumentNullException.ThrowIfNull(text);
        endPoint = null;
        if (text.StartsWith("localhost:", StringComparison.Ordinal))
        {
            text = "127.0.0.1" + text["localhost".Length..];
        }

        int colon = text.LastIndexOf(':');
        return colon > 0 && text.AsSpan(colon + 1).IndexOfAnyExceptInRange('0', '9') < 0 && IPEndPoint.TryParse(text, out endPoint);
    }

    /// <summary>Reads a password: the first line of a file.</summary>
    /// <exception cref="SosiaException">The file cannot be read.</exception>
    public static string ReadPassword(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            char[] text = new char[16];
            int count = reader.ReadBlock(text);
            string line = new(text, 0, count);
            int end = line.AsSpan().IndexOfAny('\r', '\n');
            return end < 0 ? line : line[..end];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SosiaException($"The file '{path}' with the VNC password cannot be read ({error.Message.TrimEnd('.')}); name another file.", FailureKind.Configuration, error);
        }
    }
}
