"""Every step of a night on made-up stores of two sizes: seconds, memory and bytes to the driver a shopper."""
