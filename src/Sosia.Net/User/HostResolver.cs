using System;
using System.IO;
using Sosia.Host.Linux.Network;

namespace Sosia.Net.User;

/// <summary>Which name server the host asks (resolv.conf(5)). Looked up again when it may have changed.</summary>
internal sealed class HostResolver
{
    private const string FileName = "/etc/resolv.conf";
    private const long LookMilliseconds = 5000;
    private const ushort Port = 53;

    private long _lookedAt = long.MinValue / 2;
    private SocketAddress4? _address;

    /// <summary>The first name server with an IPv4 address; null when there is none.</summary>
    public SocketAddress4? Find(long now)
    {
        if (now - _lookedAt > LookMilliseconds)
        {
            _lookedAt = now;
            try
            {
                _address = Parse(File.ReadAllText(FileName));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                _address = null;
            }
        }

        return _address;
    }

    /// <summary>Finds the first name server with an IPv4 address in the file's text.</summary>
    internal static SocketAddress4? Parse(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && words[0] == "nameserver" && SocketAddress4.TryParse(words[1], out uint address))
            {
                return new SocketAddress4(address, Port);
            }
        }

        return null;
    }
}
