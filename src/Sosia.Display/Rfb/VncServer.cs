using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Sosia.Core;
using Sosia.Display.Input;

namespace Sosia.Display.Rfb;

/// <summary>
/// Shows a machine to VNC viewers (RFC 6143: RFB 3.3, 3.7 and 3.8) and takes their keys and pointers. Each viewer has tasks and buffers of its own;
/// one that sends nonsense, stalls or vanishes is disconnected and nobody else notices.
/// </summary>
public sealed class VncServer : IDisposable
{
    /// <summary>How many viewers there may be at once.</summary>
    public const int MaxClients = 16;

    /// <summary>
    /// How many connections may be at their beginning, where nobody knows yet who they are; one more takes the place of the oldest, so that connections which
    /// say nothing keep nobody out.
    /// </summary>
    public const int MaxBeginning = 8;

    private static readonly TimeSpan AcceptRetry = TimeSpan.FromMilliseconds(100);

    private readonly VncOptions _options;
    private readonly MachineScreen _screen;
    private readonly MachineKeyboard? _keyboard;
    private readonly MachinePointer? _pointer;
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _ending = new();
    private readonly HashSet<TcpClient> _clients = [];

    // Oldest first; guarded by _clients.
    private readonly List<TcpClient> _beginning = [];

    /// <summary>Begins to listen.</summary>
    /// <param name="options">Where.</param>
    /// <param name="screen">What is shown.</param>
    /// <param name="keyboard">Takes keys; null for a machine without a keyboard.</param>
    /// <param name="pointer">Takes the pointer; null for a machine without one.</param>
    /// <exception cref="SosiaException">The address cannot be listened on.</exception>
    public VncServer(VncOptions options, MachineScreen screen, MachineKeyboard? keyboard, MachinePointer? pointer)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _screen = screen;
        _keyboard = keyboard;
        _pointer = pointer;
        _listener = new TcpListener(options.EndPoint);
        try
        {
            _listener.Start();
        }
        catch (SocketException error)
        {
            _listener.Dispose();
            throw new SosiaException($"The VNC address {options.EndPoint} cannot be listened on ({error.Message}); choose another one.", FailureKind.Configuration, error);
        }

        _ = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>How many viewers are connected.</summary>
    public int ClientCount
    {
        get
        {
            lock (_clients)
            {
                return _clients.Count;
            }
        }
    }

    /// <summary>Who may try a password when.</summary>
    internal LoginGuard Guard { get; init; } = new(TimeProvider.System);

    /// <inheritdoc/>
    public void Dispose()
    {
        _ending.Cancel();
        _listener.Dispose();
        lock (_clients)
        {
            foreach (TcpClient client in _clients)
            {
                client.Dispose();
            }

            foreach (TcpClient client in _beginning)
            {
                client.Dispose();
            }

            _clients.Clear();
            _beginning.Clear();
        }
    }

    private async Task AcceptAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync(_ending.Token).ConfigureAwait(false);
            }
            catch (SocketException) when (!_ending.IsCancellationRequested)
            {
                // A viewer that has gone before it was accepted, or no descriptors left, which would fail again at once: others may do better, later.
                await Task.Delay(AcceptRetry, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException or InvalidOperationException)
            {
                return;
            }

            Begin(client);
        }
    }

    private void Begin(TcpClient client)
    {
        lock (_clients)
        {
            if (_ending.IsCancellationRequested)
            {
                client.Dispose();
                return;
            }

            if (_beginning.Count == MaxBeginning)
            {
                _beginning[0].Dispose();
                _beginning.RemoveAt(0);
            }

            _beginning.Add(client);
        }

        _ = Task.Run(() => ServeAsync(client));
    }

    // After the handshake: a viewer, if there is room for one more.
    private bool Admit(TcpClient client)
    {
        lock (_clients)
        {
            return _beginning.Remove(client) && !_ending.IsCancellationRequested && _clients.Count < MaxClients && _clients.Add(client);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            client.NoDelay = true;
            client.Client.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            using var session = new RfbSession(client.GetStream(), _options, Guard, _screen, _keyboard, _pointer) { Admit = () => Admit(client) };
            await session.RunAsync(_ending.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is System.IO.IOException or SocketException or ObjectDisposedException or OperationCanceledException or RfbException)
        {
            // The viewer is gone or should be: that is its own business.
        }
        finally
        {
            lock (_clients)
            {
                _clients.Remove(client);
                _beginning.Remove(client);
            }

            client.Dispose();
        }
    }
}
