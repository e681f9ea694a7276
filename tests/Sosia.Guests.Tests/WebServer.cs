using System;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;

namespace Sosia.Guests.Tests;

/// <summary>A web server on the host's loopback address: GET, one answer a connection.</summary>
internal sealed class WebServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<string, byte[]?> _find;

    /// <summary>Starts it.</summary>
    /// <param name="find">What is at a path; null for "not found". Called on any thread.</param>
    public WebServer(Func<string, byte[]?> find)
    {
        _find = find;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = ServeAsync();
    }

    public int Port { get; }

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync();
                _ = Task.Run(() => AnswerAsync(client));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using NetworkStream stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
                string[] request = (await reader.ReadLineAsync() ?? string.Empty).Split(' ');
                while (!string.IsNullOrEmpty(await reader.ReadLineAsync()))
                {
                }

                byte[]? content = request is ["GET", _, ..] ? _find(Uri.UnescapeDataString(request[1])) : null;
                string status = content is null ? "404 Not Found" : "200 OK";
                string header = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status}\r\nContent-Length: {content?.Length ?? 0}\r\nConnection: close\r\n\r\n");
                await stream.WriteAsync(Encoding.ASCII.GetBytes(header));
                await stream.WriteAsync(content ?? []);
            }
            catch (IOException)
            {
                // The guest has gone.
            }
        }
    }
}
